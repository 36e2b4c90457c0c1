"""What the loopback server answers: 100 bytes of JSON."""

ANSWER = b'{"Id":1,"Link":"summer-sale","Name":"Summer sale","Group":"DEFAULT","Website":["https://a.example"]}'
assert len(ANSWER) == 100

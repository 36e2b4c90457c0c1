"""`--telemetry`: OpenTelemetry as the application, or opentelemetry-instrument, has set it up."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nodeloom.testing import ThreeCXSandbox
from tests.cli.conftest import DELETE, Call

SET_UP = """
import sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
from nodeloom.cli import main
code = main(sys.argv[1:])
print([span.name for span in exporter.get_finished_spans()])
raise SystemExit(code)
"""


def in_a_process_of_its_own(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Providers are set once a process."""
    return subprocess.run(
        [sys.executable, "-c", code, "run", *DELETE, *arguments, "--telemetry"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_a_run_is_recorded_where_an_sdk_is_set_up(sandbox: ThreeCXSandbox) -> None:
    done = in_a_process_of_its_own(SET_UP, "--set", "Link=link-1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "['POST', 'DELETE', 'run threecx, Website Links, Delete Weblink']"
    assert "warning" not in done.stderr


def test_where_none_is_set_up_the_run_goes_on_and_says_so(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli("run", *DELETE, "--set", "Link=link-1", "--telemetry")
    assert said.code == 0
    assert said.err.startswith("warning: --telemetry records nothing: no OpenTelemetry SDK is set up")


@pytest.mark.slow
def test_without_the_extra_nothing_is_sent_and_the_error_says_what_to_install(sandbox: ThreeCXSandbox) -> None:
    absent = (
        "import sys; sys.modules['opentelemetry'] = None; from nodeloom.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    done = in_a_process_of_its_own(absent, "--set", "Link=link-1")
    assert done.returncode == 2
    assert "pip install 'nodeloom[telemetry]'" in done.stderr
    assert sandbox.requests == []

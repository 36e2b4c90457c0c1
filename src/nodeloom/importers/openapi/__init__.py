"""OpenAPI 3.0 and 3.1 and Swagger 2 documents become nodes: `import_openapi`, `Overrides`, `write`."""

from nodeloom.importers.openapi.importer import Imported, import_openapi
from nodeloom.importers.openapi.nodewriting import files_of, write
from nodeloom.importers.openapi.overrides import Overrides

__all__ = ["Imported", "Overrides", "files_of", "import_openapi", "write"]

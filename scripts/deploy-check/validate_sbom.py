"""Validates a software bill of materials against the schema of CycloneDX 1.5: validate_sbom.py FILE. Called by ../deploy-check.ts."""

import pathlib
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

problem = JsonStrictValidator(SchemaVersion.V1_5).validate_str(pathlib.Path(sys.argv[1]).read_text())
sys.exit(None if problem is None else str(problem.data))

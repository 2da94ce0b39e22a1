"""What came of a check, for people (terminal, page), for CI (JUnit) and for programs (JSON, NDJSON, HAR)."""

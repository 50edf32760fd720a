"""HJ 212-2017 (and 2005/2025 framing): bytes ⇄ kernel, pure. standards.md §1."""

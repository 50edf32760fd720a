"""Blocks become rows, events and sums of the ledger."""

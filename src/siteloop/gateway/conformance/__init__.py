"""The conformance kit: it plays the other side of a protocol, case by case, and writes down what it saw."""

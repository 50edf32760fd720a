"""Where readings lie: day partitions, then files; and how late rows find their way into either."""

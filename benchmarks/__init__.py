"""What the goals of performance and quality are measured with; each module is a program of its own."""

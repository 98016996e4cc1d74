"""Where new samples come from: simulated from reserve rows, or the real reserve rows replayed, each once."""

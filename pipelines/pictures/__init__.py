"""Every picture, drawn with matplotlib: what monitoring, training and exploration show."""

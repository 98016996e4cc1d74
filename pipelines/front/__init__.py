"""The front: how the system does, in five seconds. One verdict and one card a task, for page, monitor and README."""

"""A serverless machine-learning system: feature, training and batch-inference pipelines over one store."""

__version__ = "1.0.0"

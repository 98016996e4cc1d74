"""A serverless machine-learning system: feature, training and batch-inference pipelines over one store."""

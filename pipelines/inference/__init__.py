"""The batch-inference pipeline: predict what is due."""

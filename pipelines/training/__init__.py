"""The training pipeline: search, fit, evaluate, register, and decide who is champion."""

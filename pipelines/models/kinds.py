"""What the kinds of outcomes are called in a sentence."""

from pipelines.datasets.outcomes import Classes, Number

WHAT = {Classes.kind: "classes", Number.kind: "a number"}

import numpy as np
import pytest
from sklearn.base import clone
from trainings import training_data

from pipelines.training import families, number_families
from pipelines.training.families import Shape
from pipelines.training.growing import grown

CLASSES, NUMBERS = families.FAMILIES[3], number_families.NUMBER_FAMILIES[2]
VARIED = [
    (CLASSES, {}),
    (CLASSES, {"criterion": "entropy", "max_features": 0.6}),
    (CLASSES, {"min_samples_leaf": 3}),
    (NUMBERS, {}),
    (NUMBERS, {"min_samples_leaf": 5, "max_features": 1.0}),
]


@pytest.mark.parametrize(("family", "varied"), VARIED)
@pytest.mark.parametrize("task", ["iris_variety", "wine_quality"])
def test_the_trees_are_those_of_scikit_learn(task, family, varied):
    rows = training_data(task, 400).learning_rows
    matrix = np.nan_to_num(rows.matrix)
    forest = family.make(Shape(len(rows), rows.numeric), 3).set_params(n_estimators=20, **varied)
    theirs, ours = clone(forest).fit(matrix, rows.labels), grown(forest, matrix, rows.labels)
    assert vars(ours).keys() == vars(theirs).keys()
    assert ours.get_params() == theirs.get_params() == forest.get_params()
    for one, other in zip(theirs, ours, strict=True):
        assert vars(other).keys() == vars(one).keys()
        assert other.get_params() == one.get_params()
        np.testing.assert_array_equal(other.tree_.__getstate__()["nodes"], one.tree_.__getstate__()["nodes"])
        np.testing.assert_array_equal(other.tree_.value, one.tree_.value)
    predict = "predict_proba" if family is CLASSES else "predict"
    np.testing.assert_array_equal(getattr(ours, predict)(matrix), getattr(theirs, predict)(matrix))

"""Pictures, JSON and sentences of networks at their edges."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

import symnum as sn
from symnum.cli import app
from symnum.nets import Dense, Network, check_network, error_parts, step_errors
from symnum.report.networks import curve_style

RUNNER = CliRunner()


@pytest.mark.parametrize("loss", ["y", "0*y"])
def test_a_gradient_of_zero_can_be_drawn(loss, tmp_path):
    """A log axis of nothing but 0 was a ValueError."""
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    result = RUNNER.invoke(
        app,
        [
            *("net", "3,2", "--output", "softmax", "--loss", loss),
            *("--plot", str(paths[0]), "--parts", str(paths[1])),
        ],
    )
    assert result.exit_code == 0, result.output
    assert all(path.stat().st_size for path in paths)


def test_what_is_zero_is_said_to_be(tmp_path):
    """In the picture's middle."""
    network = Network([Dense(2, 2)], "0*y")
    given = (network.init(0), [1.0, 2.0], [0.0, 0.0])
    figure = Figure()
    ax = figure.subplots()
    step_errors(network, *given).plot(ax)
    assert [text.get_text() for text in ax.texts] == ["every error is 0"]
    error_parts(network, *given).plot(tmp_path / "a.svg")


def test_no_two_curves_look_alike():
    """Of a dozen parameters."""
    looks = {tuple(curve_style(number).values()) for number in range(64)}
    assert len(looks) == 64


def test_many_curves_leave_room_for_their_legend(tmp_path, monkeypatch):
    """The legend stands beside the axes and not over the curves."""
    network = Network(
        [Dense(5, 4), "tanh", Dense(4, 4), "tanh", Dense(4, 3), "tanh", Dense(3, 3), Dense(3, 2)],
        "squared_error",
    )
    drawn = []

    def kept(figure, _):
        figure.draw_without_rendering()
        drawn.append(figure)

    monkeypatch.setattr("symnum.report.networks.save", kept)
    step_errors(network, network.init(0, scale=1.0), np.ones(5), np.ones(2)).plot(
        tmp_path / "a.png"
    )
    (figure,) = drawn
    (legend,) = figure.legends
    assert not legend.get_window_extent().overlaps(figure.axes[0].get_window_extent())
    assert len(legend.get_texts()) == 11
    assert figure.axes[0].get_legend() is None


def test_documents_have_a_schema():
    """As all others have."""
    network = Network([Dense(1, 1)], "squared_error")
    parts = error_parts(network, {"W1": [[2.0]], "b1": [1.0]}, [3.0], [5.0], h=[0.5])
    assert json.loads(parts.to_json())["schema"] == 1
    document = json.loads(RUNNER.invoke(app, ["net", "2,2", "--json"]).output)
    assert (document["kind"], document["schema"]) == ("network", 1)


@pytest.mark.parametrize(
    ("activation", "overflow"), [("log(z)", False), ("exp(z)**300/exp(z)**300", True)]
)
def test_what_is_outside_of_the_domain_has_not_overflowed(activation, overflow):
    """Where a formula has no value, no other way of writing it helps."""
    network = Network([Dense(1, 1), activation], "squared_error")
    z = 10.0 if overflow else -1.0
    with pytest.raises(sn.DomainError, match="is nan in layer 1, sample 0, unit 0") as error:
        network.loss({"W1": [[z]], "b1": [0.0]}, [1.0], [0.0])
    assert ("overflow" in str(error.value)) == overflow


def test_logits_at_the_end_of_the_doubles_leak_no_warning():
    """The error says which loss leaves the doubles."""
    network = Network([Dense(2, 3)], "softmax_cross_entropy")
    params = {"W1": [[1e308, -1e308, 0.0], [0.0, 1e308, -1e308]], "b1": np.zeros(3)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(sn.DomainError, match="leaves the doubles"):
            network.loss(params, np.eye(2), [0, 1])


def test_a_gradient_that_is_zero_is_not_called_a_noisy_loss():
    """All weights 0 and each label once: without a description nothing can be seen."""
    network = Network([Dense(9, 8), "tanh", Dense(8, 7)], "softmax_cross_entropy")
    params = {name: np.zeros(shape) for name, shape in network.shapes.items()}

    def loss(params, x, t):
        z = np.tanh(x @ params["W1"] + params["b1"]) @ params["W2"] + params["b2"]
        return np.mean(np.log(np.exp(z).sum(axis=1)) - (np.eye(7)[t] * z).sum(axis=1))

    def gradient(params, x, t):
        return network.gradient(params, x, t)

    x = np.random.default_rng(0).random((7, 9))
    verdict = check_network(loss, gradient, params, x=x, t=np.arange(7))
    assert str(verdict.status) in ("ok", "undecided"), str(verdict)
    assert "noisy" not in verdict.reason
    assert "is 0" in verdict.reason

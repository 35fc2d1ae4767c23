"""Backpropagation through two layers as people write it, from pieces."""


def backward(value, slope, top):
    """Return a gradient function.

    Parameters
    ----------
    value, slope : callable
        The activation of z, and its derivative of z and its value.
    top : callable
        Each sample's gradient by the outputs, of outputs and targets.
    """

    def gradient(params, x, t):
        z = x @ params["W1"] + params["b1"]
        hidden = value(z)
        delta = top(hidden @ params["W2"] + params["b2"], t) / len(x)
        below = delta @ params["W2"].T * slope(z, hidden)
        return {
            "W1": x.T @ below,
            "b1": below.sum(axis=0),
            "W2": hidden.T @ delta,
            "b2": delta.sum(axis=0),
        }

    return gradient

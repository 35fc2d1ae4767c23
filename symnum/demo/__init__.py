"""The seven systems of the chapter that symnum grew out of, with the exact answer beside each."""

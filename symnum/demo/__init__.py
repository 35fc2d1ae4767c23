"""The seven systems that symnum grew out of, with the exact answer beside each."""

"""Charts of finished sweeps: in each file those of one question, drawn together by its verb."""

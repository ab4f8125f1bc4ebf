"""The law and the arithmetic: pure functions of values.  No clock, no database, no configuration."""

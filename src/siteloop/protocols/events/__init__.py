"""Events that cameras and gates push: Hikvision, Dahua and a plain JSON, read into one model; pure."""

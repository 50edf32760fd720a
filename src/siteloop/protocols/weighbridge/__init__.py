"""Weighbridge indicators: Yaohua XK3190-A9 and its kin (continuous and command mode)."""

"""TOML text with positions: tables that are read key by key, and every mistake with its line."""

"""TOML with positions: tables are read key by key, and every mistake is reported with its line."""

"""What everything stands on, and what knows no network: files, random streams, the machine, compiled loops."""

"""What both Spaces show. Imported inside a Space alone: no store, no settings, no network."""

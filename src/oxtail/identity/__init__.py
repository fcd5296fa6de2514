"""Who is who: processes, registry entries, projects, and how a session learns its id."""

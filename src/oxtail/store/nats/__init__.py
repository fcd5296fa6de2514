"""Mail between hosts, carried by NATS JetStream; the only folder that knows of it."""

"""MQTT 3.1.1 packets a broker for devices needs (OASIS MQTT 3.1.1); pure."""

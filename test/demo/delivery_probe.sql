\sleep 5 ms
INSERT INTO respond.event (type, data) VALUES ('probe.delivery', '{}');

-- What deliveries need to know of this machine.  :ca_file and :key_file come from the demo.

-- Secrets of channels are encrypted with a key from this file.  It lies outside of the data directory, so that
-- copies of the data do not hold the key; only the server's user may read it.
ALTER SYSTEM SET pg_respond.secret_key_file = :'key_file';
-- The demo's receivers have certificates of its own authority.  Without this, those that the system trusts count.
ALTER SYSTEM SET pg_respond.ca_file = :'ca_file';
-- Deliveries go to public addresses only.  The demo's receivers are on this machine; real ones need no such line.
ALTER SYSTEM SET pg_respond.allowed_networks = '127.0.0.0/8';
SELECT pg_reload_conf() \g /dev/null

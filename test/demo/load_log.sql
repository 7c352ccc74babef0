-- The server's JSON log becomes events: one for each line since :since, with the line as data.
INSERT INTO respond.event (type, source, subject, "time", data)
SELECT 'postgres.log', '/postgres/' || current_setting('cluster_name'), coalesce(line ->> 'dbname', 'server'), (line ->> 'timestamp')::timestamptz, line
  FROM regexp_split_to_table(pg_read_file(pg_current_logfile('jsonlog')), E'\n') AS raw,
       LATERAL (SELECT CASE WHEN raw LIKE '{%}' THEN raw::jsonb END) AS parsed (line)
 WHERE line IS NOT NULL AND (line ->> 'timestamp')::timestamptz >= :'since';

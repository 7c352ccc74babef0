-- Each recorded payload is an event "github.EVENT", told apart by its place in the collection.
INSERT INTO respond.event (type, source, subject, key, data)
SELECT 'github.' || (kind ->> 'name'), 'https://github.com', payload #>> '{repository,full_name}', (kind ->> 'name') || '/' || place, payload
  FROM jsonb_array_elements(pg_read_file(:'file')::jsonb) AS kind,
       jsonb_array_elements(kind -> 'examples') WITH ORDINALITY AS examples (payload, place);

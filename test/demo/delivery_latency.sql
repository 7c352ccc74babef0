-- When each request of the probe was at the receiver (file :arrivals) against when its event was committed.
CREATE TEMP TABLE arrival (key uuid, at double precision);
\set copy 'COPY arrival FROM ' :'arrivals'
:copy;
SELECT format('p50 %s us, p90 %s us, p99 %s us; %s of %s requests arrived, once each.', us[1]::integer, us[2]::integer, us[3]::integer, requests, events)
  FROM (SELECT percentile_cont('{0.5,0.9,0.99}'::float8[]) WITHIN GROUP (ORDER BY (a.at - extract(epoch FROM pg_xact_commit_timestamp(e.xid::xid))) * 1e6) AS us,
			   count(*) AS requests
		  FROM arrival AS a JOIN respond.delivery AS d USING (key) JOIN respond.event AS e ON e.id = d.event_id
		 WHERE e.type = 'probe.delivery') AS measured,
	   (SELECT count(*) AS events FROM respond.event WHERE type = 'probe.delivery') AS sent;

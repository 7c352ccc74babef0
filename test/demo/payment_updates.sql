UPDATE public.payment SET status = 'failed' WHERE id = 42;
UPDATE public.payment SET status = 'failed' WHERE id = 42;	-- failed already: the rule does not match
UPDATE public.payment SET status = 'settled' WHERE id BETWEEN 50 AND 100;	-- one statement, 51 events
BEGIN;
UPDATE public.payment SET status = 'failed' WHERE id = 1;
ROLLBACK;	-- leaves nothing
UPDATE public.payment SET status = 'failed' WHERE id IN (7, 8, 9);

-- Two rows locked in an order that depends on chance: with a few clients, deadlocks are sure.
\set a random(1, 8)
\set b random(1, 8)
BEGIN;
UPDATE item SET stock = stock + 1 WHERE id = :a;
UPDATE item SET stock = stock + 1 WHERE id = :b;
COMMIT;

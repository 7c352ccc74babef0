-- Statements that fail, each for another reason.  Their messages are wanted in the server's log.
CREATE TABLE item (id integer PRIMARY KEY, stock integer NOT NULL CONSTRAINT stock_not_negative CHECK (stock >= 0));
CREATE TABLE order_line (id integer PRIMARY KEY, item_id integer NOT NULL CONSTRAINT order_line_item REFERENCES item, price numeric);
INSERT INTO item SELECT n, 10 FROM generate_series(1, 8) AS n;
INSERT INTO item VALUES (1, 5);
INSERT INTO item VALUES (2, 5);
UPDATE item SET stock = stock - 11 WHERE id = 3;
INSERT INTO order_line VALUES (1, 99, 10);
INSERT INTO order_line VALUES (2, NULL, 10);
SELECT 1 / stock FROM (SELECT 0 AS stock) AS empty;
SELECT 'twelve'::integer;
SET statement_timeout = '20ms';
SELECT count(*) FROM generate_series(1, 2000000000);
RESET statement_timeout;

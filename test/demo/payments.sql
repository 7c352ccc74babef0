-- The payment table of the design's first screen, as an application would have it: it knows nothing of rules.
CREATE TABLE public.payment (
	id integer PRIMARY KEY,
	email text NOT NULL,
	amount numeric(12, 2) NOT NULL,
	currency text NOT NULL DEFAULT 'EUR',
	status text NOT NULL DEFAULT 'pending'
);
CREATE TABLE public.payment_limit (currency text PRIMARY KEY, amount numeric(12, 2) NOT NULL);
INSERT INTO public.payment_limit VALUES ('EUR', 5000), ('USD', 6000);
INSERT INTO public.payment (id, email, amount)
SELECT n, 'customer' || n || '@example.org', n * 61.07 FROM generate_series(1, 100) AS n;

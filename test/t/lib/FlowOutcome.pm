# What flows of RandomFlows.pm did, in the lines of FlowModel.pm.
#
#   my $all = FlowOutcome::all($node, $db);    of each tag: its lines, sorted
#   my @words = FlowOutcome::difference($all->{$tag}, [ $model->run(...) ]);
package FlowOutcome;

use strict;
use warnings;

use JSON::PP ();

my $json = JSON::PP->new->canonical->allow_nonref;

my %queries = (
	run => q{SELECT e.data->>'tag', r.rule, r.status, r.step, r.state::jsonb FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE r.rule <> 'partner' AND e.data ? 'tag'},
	ticket => q{SELECT split_part(subject, ' ', 1), subject, key, priority, team, fields FROM respond.ticket},
	comment => q{SELECT split_part(t.subject, ' ', 1), t.subject, c.body FROM respond.comment AS c JOIN respond.ticket AS t ON t.id = c.ticket_id},
	event => q{SELECT data->>'tag', type, data FROM respond.event WHERE type IN ('out', 'note', 'ask', 'reply', 'other')
		UNION ALL SELECT split_part(t.subject, ' ', 1), e.type, to_jsonb(t.subject || ' ' || (e.data->>'comment')) FROM respond.event AS e JOIN respond.ticket AS t ON t.id = (e.data->>'ticket_id')::bigint WHERE e.type = 'ticket.escalated'},
	delivery => q{SELECT CASE channel WHEN 'hook' THEN body::jsonb->>'tag' ELSE split_part(body, ' ', 1) END, channel, CASE channel WHEN 'hook' THEN body::jsonb ELSE to_jsonb(rtrim(body, E'\n')) END FROM respond.delivery WHERE channel IN ('hook', 'mail')},
	request => q{SELECT substring(url FROM '\?(.*)-'), status, url FROM respond.delivery WHERE channel NOT IN ('hook', 'mail')},
	seen => q{SELECT tag, note FROM public.seen},
	approval => q{SELECT split_part(question, ' ', 1), question, status, decision FROM respond.approval});

# Without what the database chose, and what is different each time.
sub scrub
{
	my ($value, $name) = @_;

	return [ map { scrub($_) } @$value ] if ref $value eq 'ARRAY';
	if (ref $value eq 'HASH')
	{
		return { map { $_ => $value->{$_} } qw(type data) } if exists $value->{recorded_at} || (exists $value->{source} && exists $value->{type});
		return { map { $_ => $value->{$_} } qw(decision status) } if exists $value->{approval};
		my %copy = map { $_ => scrub($value->{$_}, $_) } keys %$value;

		delete $copy{headers} if exists $copy{status} && exists $copy{body};
		$copy{_log} = [ sort @{ $copy{_log} } ] if $copy{_log};
		return \%copy;
	}
	return $value if ref $value || !defined $value;
	return 'ID' if ($name // '') =~ /^(id|ticket_id|run_id)$/;
	return 'KEY' if ($name // '') eq 'key';
	return 'TIME' if $value =~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;
	$value =~ s/\n.*//s;
	$value =~ s/\b(?:steps|on_failure)\[\d+\](?:\.steps\[\d+\])*(?=[.:])/PLACE/g;
	$value =~ s/\brun \d+ (?=of rule|failed:)/run ID /g;
	return $value;
}

sub all
{
	my ($node, $db) = @_;
	my %all;

	foreach my $kind (sort keys %queries)
	{
		my $rows = $json->decode($node->safe_psql($db, "SELECT coalesce(jsonb_agg(to_jsonb(ARRAY[" . join(', ', map { "to_jsonb(c$_)" } 1 .. columns($kind)) . "])), '[]') FROM ($queries{$kind}) AS q (" . join(', ', map { "c$_" } 1 .. columns($kind)) . ')'));

		foreach my $row (@$rows)
		{
			my ($tag, @values) = @$row;

			push @{ $all{$tag} }, join(' ', $kind, map { ref $_ ? $json->encode(scrub($_)) : $_ // '-' } @values);
		}
	}
	return { map { $_ => [ sort @{ $all{$_} } ] } keys %all };
}

sub difference
{
	my ($got, $expected) = @_;
	my %balance;

	$balance{$_}++ foreach @$expected;
	$balance{$_}-- foreach @{ $got // [] };
	return map { ($balance{$_} > 0 ? 'missing:  ' : 'too much: ') . $_ } grep { $balance{$_} } sort keys %balance;
}

sub columns
{
	my ($kind) = @_;

	return { run => 5, ticket => 6, comment => 3, event => 3, delivery => 3, request => 3, seen => 2, approval => 4 }->{$kind};
}

1;

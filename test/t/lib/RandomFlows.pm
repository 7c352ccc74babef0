# Random flows that have every action, for FlowModel.pm and for the database.
#
#   srand($seed);
#   my $flow = RandomFlows::flow('f1', $base);    rules by name: { f1 => { steps => [...], on_failure => [...] }, 'f1 c1' => ... }
#   my $slow = RandomFlows::with_pauses($flow, 'p1');    the same under other names, with a pause in front of each step
#   my $steps = RandomFlows::plain($steps);              without what is for the model alone
#
# How each wait ends does not depend on when things happen: what it waits for was recorded by a step before it, is recorded by
# the rule that answers events "ask", or never comes. Jumps lead to the first step of such a piece. Keys have the numbers of items
# and the names of calls. Some pieces may be executed but once. A flow either has steps that fail some times, or looks at error.
package RandomFlows;

use strict;
use warnings;

my ($name, $base, $rules, $looks_at_error);
my ($count, $once, $pauses);

sub one_of { return $_[ rand(@_) ]; }

# What a place in the flow knows: paths to texts in what steps before it gave, loops around it, how deep it is.
sub within { my ($of, %more) = @_; return { %$of, texts => [ @{ $of->{texts} } ], %more }; }

sub name_of { my ($prefix) = @_; return $prefix . ++$count; }

sub knows { my ($in, @paths) = @_; push @{ $in->{texts} }, @paths; return; }

sub template
{
	my ($in, $what) = @_;

	return join(' ', '{{data.tag}}', $what, map { '{{' . one_of('data.n', 'data.text', $looks_at_error ? 'error.step' : (), @{ $in->{texts} }, map { "${_}_index" } @{ $in->{loops} }) . '}}' } 1 .. rand(3));
}

# What no other step, item or flow has; a step that is executed again has it again.
sub key { my ($in, $what) = @_; return join('/', '{{data.tag}}{{data.sub}}', $what, map { "{{${_}_index}}" } @{ $in->{loops} }); }

sub condition
{
	my ($rest) = int(rand(3));

	return one_of({ if => "{{data.n}}::integer % 3 = $rest", _if => sub { return FlowModel::value($_[0], 'data.n') % 3 == $rest } },
		$looks_at_error ? { if => q{{{error.step}} IS NULL}, _if => sub { return !$_[0]{error} } } : (), { if => q{data->>'n' <> '0'}, _if => sub { return FlowModel::value($_[0], 'data.n') != 0 } });
}

# --- pieces without a pause: one step

sub ticket_step
{
	my ($in) = @_;
	my $step = name_of('t');

	return { action => 'ticket', name => $step, subject => template($in, $step), description => template($in, "again $step"), team => one_of('ops', 'billing'),
		(rand() < 0.6 ? (key => key($in, one_of('a', 'b'))) : ()), fields => { f => '{{data.n}}', s => template($in, 'field') } };
}

sub of_ticket { my ($in) = @_; return rand() < 0.3 ? (key => key($in, one_of('a', 'b'))) : (); }

my @quick = (
	\&ticket_step, \&ticket_step,
	sub { my ($in) = @_; return { action => 'comment', body => template($in, 'comment'), of_ticket($in) }; },
	sub { my ($in) = @_; return { action => 'update_ticket', one_of([ priority => one_of('low', 'high') ], [ fields => { u => template($in, 'updated') } ])->@*, of_ticket($in) }; },
	sub { my ($in) = @_; return { action => 'assign', team => one_of('ops', 'billing'), of_ticket($in) }; },
	sub { my ($in) = @_; return { action => 'escalate', team => one_of('ops', 'billing'), priority => 'urgent', comment => template($in, 'escalated'), of_ticket($in) }; },
	sub { my ($in) = @_; return { action => 'notify', channel => 'hook', body => { tag => '{{data.tag}}', v => template($in, 'notify') } }; },
	sub { my ($in) = @_; return { action => 'email', channel => 'mail', to => 'a@receiver.test', subject => 'mail', text => template($in, 'mail') }; },
	sub { my ($in) = @_; return { action => 'emit', type => 'out', data => { tag => '{{data.tag}}', v => template($in, 'out'), n => '{{data.n}}' }, (rand() < 0.3 ? (key => key($in, 'once')) : ()) }; },
	sub {
		my ($in) = @_;
		my $path = one_of('data.n', 'data.text', @{ $in->{texts} });
		my $step = name_of('q');

		knows($in, "steps.$step.rows.0.v");
		return { action => 'sql', name => $step, _writes => 1, sql => "INSERT INTO public.seen VALUES ({{data.tag}}, '$step ' || coalesce(({{$path}})::text, '')) RETURNING note AS v",
			_value => sub { return "$step " . (FlowModel::value($_[0], $path) // ''); } };
	},
	sub {
		my ($in) = @_;
		my $step = name_of('v');

		knows($in, "steps.$step.v");
		return rand() < 0.5 ? { action => 'set', name => $step, values => { v => template($in, 'set'), n => '{{data.n}}', l => [ '{{data.text}}', 1 ] } } :
			{ action => 'set', name => $step, sql => q{jsonb_build_object('v', {{data.n}}::integer * 3)}, _value => sub { return { v => FlowModel::value($_[0], 'data.n') * 3 }; } };
	},
	sub { my ($in) = @_; my $step = name_of('g'); knows($in, "steps.$step.message"); return { action => 'log', name => $step, message => template($in, 'log') }; },
	# however often it fails, it gives the same in the end
	sub { my ($in) = @_; return ticket_step($in) if $looks_at_error; return { action => 'sql', name => name_of('r'), sql => q{SELECT 1 / (random() < 0.8)::integer AS v}, max_attempts => 50, (rand() < 0.5 ? (retry_after => '1 ms') : ()), _value => sub { return 1; } }; },
	sub { my ($in) = @_; return { action => 'sql', name => name_of('z'), sql => 'SELECT 1 / 0 AS v', _fails => 1, max_attempts => 1 + int(rand(3)), (rand() < 0.5 ? (retry_after => '1 ms') : ()) }; },
	sub { my ($in) = @_; return { action => 'fail', name => name_of('x'), message => template($in, 'failed') }; },
	sub { my ($in) = @_; return { action => 'stop', message => template($in, 'stopped'), %{ condition() } }; });

# --- pieces that wait

sub asks { my ($in, $key, $value, @types) = @_; return { action => 'emit', name => name_of('a'), type => 'ask', data => { tag => '{{data.tag}}', k => $key, v => $value, t => [@types] } }; }

sub says { my ($in, $key, $value) = @_; return { action => 'emit', name => name_of('n'), type => 'note', data => { tag => '{{data.tag}}', k => $key, v => $value } }; }

sub hears { my ($key, %more) = @_; return (key => $key, event_key => 'data.k', %more); }

my @slow = (
	sub { my ($in) = @_; return { action => 'wait', one_of([ for => '3 ms' ], [ until => '{{data.past}}' ])->@* }; },
	sub {
		my ($in) = @_;
		my $step = name_of('v');

		return ({ action => 'set', name => $step, sql => q{to_jsonb(date_trunc('second', now()))}, _value => sub { return 'TIME'; } }, { action => 'wait', name => name_of('w'), until => "{{steps.$step}}" });
	},
	# answered
	sub {
		my ($in) = @_;
		my $step = name_of('w');
		my ($key, $value) = (key($in, $step), template($in, 'asks'));

		knows($in, "steps.$step.data.v");
		return (asks($in, $key, $value, 'reply'), { action => 'wait', name => $step, event_type => 'reply', for => '1 hour', hears($key), _answer => { types => ['reply'], key => $key, value => $value, counted => 1 } });
	},
	# the first of two
	sub {
		my ($in) = @_;
		my $step = name_of('w');
		my ($key, $value) = (key($in, $step), template($in, 'asks'));
		my @types = one_of([ 'reply', 'other' ], [ 'other', 'reply' ])->@*;

		# the second one would end the wait when the run comes to it again
		$once++;
		return (asks($in, $key, $value, @types), { action => 'wait', name => $step, for => '1 hour', events => [ map { { event_type => $_, hears($key) } } 'reply', 'other' ],
			_answer => { types => \@types, key => $key, value => $value, counted => 1 } });
	},
	# all of three
	sub {
		my ($in) = @_;
		my $step = name_of('w');
		my ($key, $value) = (key($in, $step), template($in, 'asks'));
		my @types = ('reply') x 3;

		knows($in, "steps.$step.2.data.v");
		return (asks($in, $key, $value, @types), { action => 'wait', name => $step, event_type => 'reply', collect => 3, since => one_of('previous', 'run'), for => '1 hour', hears($key), _answer => { types => \@types, key => $key, value => $value, counted => 1 } });
	},
	# what the run said itself, in the step before or earlier, if it is asked for
	sub {
		my ($in) = @_;
		my $step = name_of('w');
		my ($key, $value) = (key($in, $step), template($in, 'note'));
		my $earlier = rand() < 0.5;

		knows($in, "steps.$step.data.v");
		return (says($in, $key, $value), ($earlier ? { action => 'log', message => 'between' } : ()), { action => 'wait', name => $step, event_type => 'note', since => $earlier ? 'run' : 'previous', hears($key),
			_answer => { types => ['note'], key => $key, value => $value } });
	},
	# one of two that are wanted comes
	sub {
		my ($in) = @_;
		my $step = name_of('w');
		my ($key, $value) = (key($in, $step), template($in, 'note'));

		return (says($in, $key, $value), { action => 'wait', name => $step, event_type => 'note', collect => 2, for => '10 ms', hears($key), _answer => { types => ['note'], key => $key, value => $value } });
	},
	# what the run said before the step before
	sub {
		my ($in) = @_;
		my $step = name_of('w');
		my $key = key($in, $step);
		my @between = one_of([ [ since => 'now' ] ], [ [], { action => 'log', message => 'between' } ])->@*;
		my $since = shift @between;

		return (says($in, $key, template($in, 'note')), @between, { action => 'wait', name => $step, event_type => 'note', for => '10 ms', hears($key, @$since) });
	},
	# nothing comes
	sub { my ($in) = @_; my $step = name_of('w'); return { action => 'wait', name => $step, event_type => 'reply', for => '10 ms', hears(key($in, $step)) }; },
	sub {
		my ($in) = @_;
		my $step = name_of('h');
		my ($status, $body) = one_of([ 200, { ok => JSON::PP::true } ], [ 404, { status => 404 } ])->@*;

		knows($in, "steps.$step.status");
		return { action => 'request', name => $step, url => "$base/" . ($status == 200 ? 'ok' : 'status/404') . "?{{data.tag}}-$step", timeout => '5 min', max_attempts => 20, ($status == 404 && rand() < 0.5 ? (expect => [404]) : ()),
			_answer => { status => $status, body => $body } };
	},
	sub {
		my ($in) = @_;
		my $step = name_of('p');
		my $answer = one_of('approve', 'approve', 'reject', 'nobody');

		knows($in, "steps.$step.decision");
		return { action => 'approve', name => $step, question => template($in, $step) . " $answer", approvers => ['Ann'], ($answer eq 'nobody' ? (for => '10 ms', one_of([], [ on_timeout => 'stop' ])->@*) : one_of([], [ on_reject => 'stop' ])->@*), _answer => $answer };
	},
	sub {
		my ($in) = @_;
		my $step = name_of('c');
		my $child = "$name $step";
		my $known = { texts => [], loops => [], depth => $in->{depth} + 2 };
		my $goes = rand() < 0.3;

		# two of it would be under way at once
		$once++ if $goes;

		$rules->{$child} = { steps => steps($known, 1, 3), (rand() < 0.4 ? (on_failure => steps($known, 1, 2)) : ()) };
		return { action => 'call', name => $step, rule => $child, data => { tag => '{{data.tag}}', sub => join('/', "{{data.sub}}", $step, map { "{{${_}_index}}" } @{ $in->{loops} }), n => '{{data.n}}', text => template($in, 'call'), past => '{{data.past}}', list => [ 'x', 'y' ] }, ($goes ? (wait => JSON::PP::false) : ()) };
	},
	\&loop_step, \&loop_step);

# What is known inside of it is not known behind it.
sub loop_step
{
	my ($in) = @_;
	my $step = name_of('l');
	my $as = "it$count";
	my %loop = (action => 'foreach', name => $step, as => $as, mode => one_of('serial', 'parallel'), on_item_failure => one_of('stop', 'continue'));
	my @items = one_of([ items => [ 1, 'two', '{{data.n}}' ], _items => sub { return [ 1, 'two', FlowModel::value($_[0], 'data.n') ]; } ],
		[ items => 'data.list', _items => sub { return FlowModel::value($_[0], 'data.list'); } ],
		[ items => [], _items => sub { return []; } ],
		[ query => q{SELECT g AS v FROM generate_series(1, 3) AS g}, _items => sub { return [ map { { v => $_ } } 1 .. 3 ]; } ])->@*;

	my $inside = within($in, loops => [ @{ $in->{loops} }, $as ], depth => $in->{depth} + 1);

	$loop{batch} = 2 if rand() < 0.2;
	knows($inside, join('.', $as, $loop{batch} ? 0 : (), $items[0] eq 'query' ? 'v' : ()));
	$loop{steps} = steps($inside, 1, 3);
	# which items have begun when one fails depends on when they end
	$loop{on_item_failure} = 'continue' if $loop{mode} eq 'parallel';
	$loop{concurrency} = 2 if $loop{mode} eq 'parallel' && rand() < 0.5;
	knows($in, "steps.$step.count");
	return { %loop, @items };
}

# steps(in, least, most): so many pieces, one after the other, with jumps ahead between them and a bounded one back.
sub steps
{
	my ($in, $least, $most) = @_;
	my (@pieces, @repeats);
	my $before = $once;

	foreach my $n (1 .. $least + int(rand($most - $least + 1)))
	{
		my $sofar = $once;
		my @piece = $n == 1 && !$in->{depth} && rand() < 0.6 ? ticket_step($in) : $in->{depth} < 3 && rand() < 0.45 ? one_of(@slow)->($in) : one_of(@quick)->($in);

		$piece[0]{name} //= name_of('s') if $piece[0]{action} ne 'stop';
		@piece = ({ %{ $piece[0] }, %{ condition() } }) if @piece == 1 && rand() < 0.15;
		push @pieces, \@piece;
		push @repeats, $once == $sofar;
	}
	foreach my $n (0 .. $#pieces)
	{
		my @ahead = ((rand() < 0.15 ? 'stop' : ()), map { $_->[0]{name} // () } @pieces[ $n + 1 .. $#pieces ]);
		my $last = $pieces[$n][-1];

		next if $last->{action} eq 'stop' || !@ahead;
		$last->{name} //= name_of('s');
		$last->{on_success} = one_of(@ahead) if rand() < 0.12;
		$last->{on_failure} = one_of(@ahead) if rand() < ($last->{action} =~ /^(fail|comment|update_ticket|assign|escalate)$/ || $last->{_fails} ? 0.8 : 0.4);
		$last->{on_timeout} = one_of(@ahead) if $last->{action} eq 'wait' && ($last->{for} || $last->{until}) && rand() < 0.3;
		$last->{on_event} = one_of(@ahead) if $last->{event_type} && rand() < 0.2;
		$_->{go_to} = one_of(@ahead) foreach grep { rand() < 0.5 } @{ $last->{events} // [] };
		$last->{max_attempts} //= 2 if $repeats[$n] && $last->{action} =~ /^(foreach|call|approve)$/ && rand() < 0.15;
	}
	push @pieces, [ turn_back(@pieces) ] if $once == $before && rand() < 0.3;
	return [ map { @$_ } @pieces ];
}

# Once more from one of the pieces on.
sub turn_back
{
	my @back = grep { defined } map { $_->[0]{name} } @_;
	my $turns = name_of('u');

	return unless @back;
	return ({ action => 'set', name => $turns, sql => "to_jsonb(coalesce((steps->>'$turns')::integer, 0) + 1)", _value => sub { return (FlowModel::value($_[0], "steps.$turns") // 0) + 1; } },
		{ action => 'log', name => name_of('b'), message => "turn {{steps.$turns}}", if => "{{steps.$turns}}::integer < 2", _if => sub { return FlowModel::value($_[0], "steps.$turns") < 2; }, on_success => one_of(@back) });
}

sub flow
{
	($name, $base) = @_;
	my $in = { texts => [], loops => [], depth => 0 };

	($count, $once, $rules) = (0, 0, {});
	$looks_at_error = rand() < 0.5;
	$rules->{$name}{steps} = steps($in, 4, 12);
	$rules->{$name}{on_failure} = steps($in, 1, 3) if rand() < 0.5;
	return $rules;
}

# --- the same with pauses

# A step that waits for what the step before it said has to come at once; it is laid down itself.
sub pauses
{
	my ($steps, $from, $to) = @_;
	my (%first, @result);

	foreach my $step (@$steps)
	{
		my %copy = %$step;

		$copy{steps} = pauses($copy{steps}, $from, $to) if $copy{steps};
		$copy{rule} =~ s/^\Q$from\E/$to/ if $copy{rule};
		if (!$step->{_answer} || $step->{action} ne 'wait')
		{
			push @result, { action => 'wait', name => 'pause-' . ++$pauses, for => '1 ms' };
			$first{ $copy{name} } = $result[-1]{name} if defined $copy{name};
		}
		push @result, \%copy;
	}
	foreach my $step (@result)
	{
		foreach my $way (grep { defined $step->{$_} } qw(on_success on_failure on_event on_timeout on_approve on_reject))
		{
			$step->{$way} = $first{ $step->{$way} } // $step->{$way};
		}
		$step->{events} = [ map { { %$_, defined $_->{go_to} ? (go_to => $first{ $_->{go_to} } // $_->{go_to}) : () } } @{ $step->{events} } ] if $step->{events};
	}
	return \@result;
}

sub with_pauses
{
	my ($flow, $to) = @_;
	my ($from) = sort { length $a <=> length $b } keys %$flow;
	my %result;

	$pauses = 0;
	foreach my $rule (keys %$flow)
	{
		(my $renamed = $rule) =~ s/^\Q$from\E/$to/;
		$result{$renamed} = { map { $_ => pauses($flow->{$rule}{$_}, $from, $to) } keys %{ $flow->{$rule} } };
	}
	return \%result;
}

sub plain
{
	my ($value) = @_;

	return [ map { plain($_) } @$value ] if ref $value eq 'ARRAY';
	return $value if ref $value ne 'HASH';
	return { map { $_ => plain($value->{$_}) } grep { !/^_/ } keys %$value };
}

1;

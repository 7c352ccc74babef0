# What a flow must do, said a second time: an interpreter of steps in Perl, which knows nothing of batches, pauses and crashes.
#
#   my $model = FlowModel->new(rules => { name => { steps => [...], on_failure => [...] }, ... });
#   my @lines = $model->run('name', { tag => ..., n => ..., list => [...] });    runs and their effects, a line each
#
# Steps are those of a rule, as RandomFlows.pm makes them. What SQL would give stands beside it in members that begin with "_":
# _if, _value and _items are functions of the machine, _answer says how a wait, a request or a question ends.
# Numbers that the database chooses are left out; FlowOutcome.pm leaves them out of what the database has. %executed counts actions.
package FlowModel;

use strict;
use warnings;

use JSON::PP ();

my $json = JSON::PP->new->canonical->allow_nonref;
my $true = JSON::PP::true;
my $false = JSON::PP::false;
our %executed;

sub new
{
	my ($class, %self) = @_;

	return bless { %self, lines => [], tickets => {}, all_tickets => [] }, $class;
}

sub says { my ($self, @words) = @_; push @{ $self->{lines} }, join(' ', map { ref $_ ? $json->encode($_) : $_ // '-' } @words); return; }

# Errors are compared up to the first line, logs without the order in which parallel items end.
sub state_of
{
	my ($machine) = @_;
	my %state = %{ $machine->{chain} };

	$state{_log} = [ sort @{ $machine->{log} } ] if @{ $machine->{log} };
	return \%state;
}

# run(rule, data): the lines that it leads to.
sub run
{
	my ($self, $rule, $data) = @_;

	$self->run_rule($rule, $data);
	foreach my $ticket (@{ $self->{all_tickets} })
	{
		$self->says('ticket', map { $ticket->{$_} } qw(subject key priority team fields));
		$self->says('comment', $ticket->{subject}, $_) foreach @{ $ticket->{comments} };
	}
	return sort @{ $self->{lines} };
}

sub run_rule
{
	my ($self, $rule, $data) = @_;
	my $machine = { rule => $rule, data => $data, chain => {}, log => [], loops => [] };

	return $self->end($machine, $self->run_array($machine, $self->{rules}{$rule}{steps}));
}

# The row of the run.
sub end
{
	my ($self, $machine, $result) = @_;
	my $on_failure = $self->{rules}{ $machine->{rule} }{on_failure};

	if ($result eq 'failed' && $on_failure && !@{ $machine->{loops} })
	{
		my $first = $machine->{first} = $machine->{error};

		push @{ $machine->{log} }, "$first->{step} failed: $first->{message}";
		$result = $self->run_array($machine, $on_failure);
	}
	my $failed = $result eq 'failed';
	my $status = $failed ? 'failed' : 'succeeded';
	my $told = $machine->{first} // ($failed ? $machine->{error} : undef);

	$self->says('run', $machine->{rule}, $status, $told && $told->{step}, state_of($machine));
	return ($status, $told && $told->{message});
}

# succeeded, stopped or failed
sub run_array
{
	my ($self, $machine, $steps) = @_;
	my %place = map { defined $steps->[$_]{name} ? ($steps->[$_]{name} => $_) : () } 0 .. $#$steps;

	for (my $i = 0; $i < @$steps;)
	{
		my $step = $steps->[$i];
		my ($skipped, $error, $output, $target, $stops) = $self->attempts($machine, $step);
		my $to;

		if ($skipped)
		{
			$i++;
			next;
		}
		if (defined $error)
		{
			$machine->{chain}{ $step->{name} } = { %{ $output // {} }, error => $error };
			return 'failed' unless defined $step->{on_failure};
			push @{ $machine->{log} }, "$step->{name} failed: $error";
			$to = $step->{on_failure};
		}
		else
		{
			$machine->{chain}{ $step->{name} } = $output if defined $step->{name} && defined $output;
			$machine->{loops}[-1]{last} = $output if @{ $machine->{loops} };
			return 'stopped' if $stops;
			$to = $target // $step->{on_success};
		}
		return 'stopped' if defined $to && $to eq 'stop';
		$i = defined $to ? $place{$to} // die("no step $to") : $i + 1;
	}
	return 'succeeded';
}

# Whether it is skipped, which each attempt asks anew; else what the last one came to.
sub attempts
{
	my ($self, $machine, $step) = @_;
	my $most = $step->{action} eq 'request' ? 1 : $step->{max_attempts} // 1;
	my @result;

	foreach my $attempt (1 .. $most)
	{
		my $action = "do_$step->{action}";

		return 1 if $step->{_if} && !$step->{_if}->($machine);
		$executed{ $step->{action} }++;
		@result = $self->$action($machine, $step);
		last unless defined $result[0];
		$machine->{error} = { step => $step->{name}, message => $result[0] };
	}
	return (0, @result);
}

# --- what templates give

sub value
{
	my ($machine, $path) = @_;
	my ($root, @rest) = split(/\./, $path);
	my $value;

	if ($root eq 'data') { $value = $machine->{data}; }
	elsif ($root eq 'steps') { $value = $machine->{chain}; }
	elsif ($root eq 'error') { $value = $machine->{error} // {}; }
	else
	{
		my ($loop) = grep { $root eq $_->{as} || $root eq "$_->{as}_index" } @{ $machine->{loops} };

		return unless $loop;
		$value = $root eq $loop->{as} ? $loop->{item} : $loop->{number};
	}
	foreach my $name (@rest)
	{
		$value = ref $value eq 'HASH' ? $value->{$name} : ref $value eq 'ARRAY' && $name =~ /^\d+$/ ? $value->[$name] : undef;
	}
	return $value;
}

sub text
{
	my ($machine, $template) = @_;

	return unless defined $template;
	(my $text = $template) =~ s/\{\{([\w.]+)\}\}/value($machine, $1) \/\/ ''/ge;
	return $text;
}

# JSON: a text that is a tag alone is what that stands for.
sub rendered
{
	my ($machine, $value) = @_;

	return { map { $_ => rendered($machine, $value->{$_}) } keys %$value } if ref $value eq 'HASH';
	return [ map { rendered($machine, $_) } @$value ] if ref $value eq 'ARRAY';
	return $value if ref $value || !defined $value;
	return value($machine, $1) if $value =~ /^\{\{([\w.]+)\}\}$/;
	return $value =~ /\{\{/ ? text($machine, $value) : $value;
}

# --- the desk

sub find_ticket
{
	my ($self, $machine, $step) = @_;

	return ($machine->{ticket}, 'PLACE.ticket: there is no ticket') unless defined $step->{key};
	my $key = text($machine, $step->{key});

	return ($self->{tickets}{$key}, qq{PLACE.key: there is no open ticket with key "$key"});
}

sub do_ticket
{
	my ($self, $machine, $step) = @_;
	my $key = text($machine, $step->{key});
	my $subject = text($machine, $step->{subject});
	my $ticket = defined $key ? $self->{tickets}{$key} : undef;

	$machine->{ticket} = $ticket;
	if ($ticket)
	{
		push @{ $ticket->{comments} }, text($machine, $step->{description}) // $subject;
		return (undef, { id => 'ID', opened => $false });
	}
	$ticket = $machine->{ticket} = { subject => $subject, key => $key, priority => 'normal', team => $step->{team}, fields => rendered($machine, $step->{fields} // {}), comments => [] };
	$self->{tickets}{$key} = $ticket if defined $key;
	push @{ $self->{all_tickets} }, $ticket;
	return (undef, { id => 'ID', opened => $true });
}

sub do_update_ticket
{
	my ($self, $machine, $step) = @_;
	my ($ticket, $fault) = $self->find_ticket($machine, $step);

	return $fault unless $ticket;
	$ticket->{priority} = $step->{priority} if $step->{priority};
	$ticket->{fields} = { %{ $ticket->{fields} }, %{ rendered($machine, $step->{fields}) } } if $step->{fields};
	return (undef, { id => 'ID' });
}

sub do_assign
{
	my ($self, $machine, $step) = @_;
	my ($ticket, $fault) = $self->find_ticket($machine, $step);

	return $fault unless $ticket;
	$ticket->{team} = $step->{team};
	return (undef, { id => 'ID' });
}

sub do_escalate
{
	my ($self, $machine, $step) = @_;
	my ($ticket, $fault) = $self->find_ticket($machine, $step);

	return $fault unless $ticket;
	$ticket->{$_} = $step->{$_} foreach qw(team priority);
	my $comment = text($machine, $step->{comment});

	push @{ $ticket->{comments} }, $comment;
	$self->says('event', 'ticket.escalated', $ticket->{subject}, $comment);
	return (undef, { id => 'ID' });
}

sub do_comment
{
	my ($self, $machine, $step) = @_;
	my ($ticket, $fault) = $self->find_ticket($machine, $step);

	return $fault unless $ticket;
	push @{ $ticket->{comments} }, text($machine, $step->{body});
	return (undef, { id => 'ID', ticket_id => 'ID' });
}

# --- what leaves, and what is recorded

sub do_notify
{
	my ($self, $machine, $step) = @_;

	$self->says('delivery', $step->{channel}, rendered($machine, $step->{body}));
	return (undef, { id => 'ID', key => 'KEY' });
}

sub do_email
{
	my ($self, $machine, $step) = @_;

	$self->says('delivery', $step->{channel}, text($machine, $step->{text}));
	return (undef, { id => 'ID', key => 'KEY' });
}

sub do_emit
{
	my ($self, $machine, $step) = @_;
	my $data = rendered($machine, $step->{data});
	my $key = text($machine, $step->{key});
	my $named = defined $step->{name};

	return (undef, $named ? { id => undef, duplicate => $true } : undef) if defined $key && $self->{keys}{$key}++;
	$self->says('event', $step->{type}, $data);
	if ($step->{type} eq 'ask')
	{
		my $n = 0;

		$self->says('event', $_, { tag => $data->{tag}, k => $data->{k}, v => "$data->{v}-" . $n++ }) foreach @{ $data->{t} };
	}
	return (undef, $named ? { id => 'ID' } : undef);
}

sub do_sql
{
	my ($self, $machine, $step) = @_;

	return 'division by zero' if $step->{_fails};
	my $value = $step->{_value}->($machine);

	$self->says('seen', $value) if $step->{_writes};
	return (undef, { rows => [ { v => $value } ], count => 1 });
}

sub do_set
{
	my ($self, $machine, $step) = @_;

	return (undef, $step->{_value} ? $step->{_value}->($machine) : rendered($machine, $step->{values}));
}

sub do_log
{
	my ($self, $machine, $step) = @_;
	my $message = text($machine, $step->{message});

	push @{ $machine->{log} }, $message;
	return (undef, { message => $message });
}

sub do_fail { my ($self, $machine, $step) = @_; return text($machine, $step->{message}); }

sub do_stop
{
	my ($self, $machine, $step) = @_;

	push @{ $machine->{log} }, text($machine, $step->{message});
	return (undef, undef, undef, 1);
}

# --- what waits

# _answer: undef: the time is over; else the types of the events that end it, whose values are counted from _first on.
sub do_wait
{
	my ($self, $machine, $step) = @_;
	my $answer = $step->{_answer};

	if (!$answer)
	{
		return (undef, { timed_out => $true }, $step->{on_timeout});
	}
	my $value = text($machine, $answer->{value});
	my @events = map { { type => $answer->{types}[$_], data => { tag => $machine->{data}{tag}, k => text($machine, $answer->{key}), v => $answer->{counted} ? "$value-$_" : $value } } } 0 .. $#{ $answer->{types} };

	if ($step->{collect})
	{
		return (undef, \@events, @events < $step->{collect} ? $step->{on_timeout} : $step->{on_event});
	}
	my ($way) = grep { $_->{event_type} eq $events[0]{type} } @{ $step->{events} // [] };
	return (undef, $events[0], $way ? $way->{go_to} : $step->{on_event});
}

sub do_request
{
	my ($self, $machine, $step) = @_;
	my ($status, $body) = @{ $step->{_answer} }{qw(status body)};
	my $failed = $status != 200 && !$step->{expect};

	$self->says('request', $failed ? 'dead' : 'delivered', text($machine, $step->{url}));
	return ($failed ? "PLACE: the receiver answered $status" : undef, { status => $status, body => $body });
}

sub do_approve
{
	my ($self, $machine, $step) = @_;
	my $answer = $step->{_answer};
	my $question = text($machine, $step->{question});
	my %way = (approve => $step->{on_approve}, reject => $step->{on_reject}, nobody => $step->{on_timeout});
	my $output = { decision => $answer eq 'nobody' ? undef : $answer, status => $answer eq 'nobody' ? 'expired' : 'decided' };

	$self->says('approval', $question, $output->{status}, $output->{decision});
	return 'PLACE: rejected by ["Ann"]' if $answer eq 'reject' && !defined $way{reject};
	return 'PLACE.for: nobody has decided in time' if $answer eq 'nobody' && !defined $way{nobody};
	return (undef, $output, $way{$answer});
}

sub do_call
{
	my ($self, $machine, $step) = @_;
	my $data = rendered($machine, $step->{data});

	if (exists $step->{wait} && !$step->{wait})
	{
		$self->run_rule($step->{rule}, $data);
		return (undef, { run_id => 'ID' });
	}
	my $child = { rule => $step->{rule}, data => $data, chain => {}, log => [], loops => [] };
	my ($status, $error) = $self->end($child, $self->run_array($child, $self->{rules}{ $step->{rule} }{steps}));

	return qq{run ID of rule "$step->{rule}" failed: $error} if $status eq 'failed';
	return (undef, { run_id => 'ID', status => $status, steps => state_of($child) });
}

# --- loops

sub may_pause
{
	my ($step) = @_;

	return 1 if $step->{retry_after} || $step->{action} =~ /^(wait|request|approve|call)$/;
	return $step->{action} eq 'foreach' && grep { may_pause($_) } @{ $step->{steps} };
}

sub do_foreach
{
	my ($self, $machine, $step) = @_;
	my $items = $step->{_items}->($machine);
	my $runs = ($step->{mode} // '') eq 'parallel' && grep { may_pause($_) } @{ $step->{steps} };
	my ($succeeded, $failed, @outputs, $fault) = (0, 0);
	my $number = 0;

	if ($step->{batch})
	{
		my @rest = @$items;

		$items = [];
		push @$items, [ splice(@rest, 0, $step->{batch}) ] while @rest;
	}
	foreach my $item (@$items)
	{
		my %outer = %{ $machine->{chain} };
		my $weight = $step->{batch} ? @$item : 1;
		my $loop = { as => $step->{as}, item => $item, number => $number };
		my $error;

		if ($runs)
		{
			my $of_item = { %$machine, chain => {%outer}, log => [], loops => [ (map { {%$_} } @{ $machine->{loops} }), $loop ] };
			my ($status, $message) = $self->end($of_item, $self->run_array($of_item, $step->{steps}));

			$error = "run ID $status: $message" if $status eq 'failed';
		}
		else
		{
			push @{ $machine->{loops} }, $loop;
			$error = "$machine->{error}{step} failed: $machine->{error}{message}" if $self->run_array($machine, $step->{steps}) eq 'failed';
			pop @{ $machine->{loops} };
			$machine->{chain} = \%outer;
		}
		if (defined $error)
		{
			$failed += $weight;
			push @outputs, { error => $error };
			push @{ $machine->{log} }, "$step->{name}, item $number: $error";
			$fault = "item $number: $error" if ($step->{on_item_failure} // 'stop') eq 'stop';
			last if $fault;
		}
		else
		{
			$succeeded += $weight;
			push @outputs, $loop->{last} // {};
		}
		$number++;
	}
	return $fault if $fault;
	return (undef, { count => $succeeded + $failed, succeeded => $succeeded, failed => $failed, items => \@outputs });
}

1;

# The requests of test/unit/http_cases.tsv over sockets, whole, in pieces, behind another request and before another one: the same is made of
# them as by the reader alone, and no byte that a refusal left is ever answered.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Program;
use Respond;

open(my $file, '<', "$FindBin::RealBin/../unit/http_cases.tsv") or die $!;
my @cases;
my %hosts;
while (my $line = <$file>)
{
	next if $line =~ /^#|^$/;
	chomp $line;
	my ($library, $name, $bytes, $theirs, $ours) = split /\t/, $line;
	my $case = { name => $name, bytes => Program::unescape($bytes), expected => defined $ours ? $ours : $theirs };

	push @cases, $case;
	$hosts{ lc $1 } = 1 while $case->{bytes} =~ /^host:[ \t]*(.*?)(?::\d*)?[ \t]*\r?$/gim;
}

my $program = Program::start(listen => [ 'unix:' . Program::folder() . '/callers.sock' ], echo_limit => 1000);
my $worker = $program->echo('desk', hosts => [ grep { length } sort keys %hosts ]);
Respond::wait_for(sub { $program->caller->ask("GET /desk/ HTTP/1.1\r\nHost: h\r\n\r\n")->{status} eq '200' });

# What comes out of the bytes, in the words of the cases.  A request without a Host that means a database was read all the same.
sub outcome
{
	my ($step, $bytes, @expected) = @_;
	my $caller = $program->caller;
	my @words;

	for (my $at = 0; $at < length($bytes); $at += $step)
	{
		last unless $caller->send(substr($bytes, $at, $step));
	}
	$caller->finish_sending;
	while (my $answer = $caller->answer(($expected[@words] || '') =~ /^HEAD /))
	{
		my $body = $answer->{body};

		next if $answer->{status} eq '100';
		if ($answer->{status} eq '200') { push @words, $answer->{fields}{'x-asked'}; }
		elsif ($answer->{status} eq '413') { push @words, 'large'; }
		elsif ($answer->{status} =~ /^(404|204|405)$/) { push @words, 'read'; }
		elsif ($body =~ /ends before its end/) { push @words, 'more'; }
		elsif ($answer->{status} =~ /^(400|414|417|431|505)$/ && $body =~ /"detail":\s*"[^"]+"/) { push @words, 'refused'; }
		else { push @words, "odd: $answer->{head}$body"; }
	}
	push @words, 'rubbish' if length($caller->{bytes});
	return \@words;
}

# Whether these words say what was expected.
sub fits
{
	my ($words, @expected) = @_;

	return 0 unless @expected == @$words;
	for my $i (0 .. $#expected)
	{
		return 0 unless $words->[$i] eq $expected[$i] || ($words->[$i] eq 'read' && $expected[$i] =~ /^[A-Z-]+ /);
	}
	return 1;
}

# What is wrong with what comes out of the bytes, if something is.
sub difference
{
	my ($when, $step, $bytes, $expected) = @_;
	my @expected = grep { $_ ne 'closed' } split / \| /, $expected;
	my $words = outcome($step, $bytes, @expected);

	return fits($words, @expected) ? () : "$when: " . join(' | ', @$words);
}

# An unknown database is no 404 while not all are known.
$program->databases(1);
Respond::wait_for(sub { $program->caller->ask("GET /other HTTP/1.1\r\nHost: other.example\r\n\r\n")->{status} eq '404' });
my $before = "POST /desk/before HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
my $after = "GET /desk/after HTTP/1.1\r\nHost: h\r\n\r\n";
for my $case (@cases)
{
	my $expected = $case->{expected};
	my $goes_on = $expected =~ /(refused|large|closed)$/ ? $expected : "$expected | GET /desk/after";
	my @wrong = map { difference("in steps of $_", $_, $case->{bytes}, $expected) } 1 << 20, 1, 7;

	push @wrong, difference('behind another', 1 << 20, "$before$case->{bytes}", "POST /desk/before abc | $expected");
	push @wrong, difference('before another', 1 << 20, "$case->{bytes}$after", $goes_on)
	  unless $expected =~ /more$/ || $case->{bytes} =~ /^connection:.*close|HTTP\/1\.0/im;
	ok(!@wrong, $case->{name}) or diag(join("\n", map { substr($_, 0, 1000) } "expected: $expected", @wrong));
}
$program->stop;
waitpid($worker, 0);
done_testing();

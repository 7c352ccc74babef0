# Metrics as the public parser of Prometheus reads them.
#
#   my $metrics = Metrics::parse($text);              # OpenMetrics, the strict one; dies with what is wrong
#   Metrics::value($metrics, 'pg_respond_runs_total', rule => 'r', status => 'failed');
package Metrics;

use strict;
use warnings;

use Encode ();
use IPC::Run ();
use JSON::PP ();

my $PROGRAM = <<'END';
import json, sys
from prometheus_client.openmetrics import parser as open_parser
from prometheus_client import parser as plain_parser
text = sys.stdin.buffer.read().decode('utf-8')
parser = open_parser if sys.argv[1] == 'open' else plain_parser
samples, families = [], {}
for family in parser.text_string_to_metric_families(text):
    families[family.name] = [family.type, getattr(family, 'unit', ''), family.documentation]
    for sample in family.samples:
        samples.append([sample.name, sample.labels, sample.value])
json.dump({'samples': samples, 'families': families}, sys.stdout)
END

# parse(text, format): bytes in UTF-8; format is open (the default) or plain.
sub parse
{
	my ($text, $format) = @_;
	my ($out, $error);

	IPC::Run::run([ '/usr/bin/python3', '-c', $PROGRAM, $format || 'open' ], '<', \$text, '>', \$out, '2>', \$error)
	  or die "the public parser refuses these metrics: $error\n$text";
	return JSON::PP->new->utf8->decode($out);
}

# samples(metrics, name, label => value...): those that have these labels among theirs.
sub samples
{
	my ($metrics, $name, %labels) = @_;

	return grep {
		my $sample = $_;
		$sample->[0] eq $name && !grep { !defined $sample->[1]{$_} || $sample->[1]{$_} ne $labels{$_} } keys %labels
	} @{ $metrics->{samples} };
}

# value(metrics, name, label => value...): the sum of those; undefined when there is none.
sub value
{
	my @found = samples(@_);
	my $sum = 0;

	$sum += $_->[2] for @found;
	return @found ? $sum : undef;
}

1;

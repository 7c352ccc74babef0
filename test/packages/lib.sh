# Shared by the scripts that run in a clean system, at the top of a copy of the clone.
MAJOR=$1

# deb: the package.
deb()
{
	echo "$PWD"/build/deb/postgresql-"$MAJOR"-respond_*.deb
}

# source_packages: what docs/install.md says that building from source needs.
source_packages()
{
	sed -n "s/^sudo apt-get install \(gcc .*\)/\1/p" docs/install.md | sed "s/-dev-15/-dev-$MAJOR/"
}

# tool_packages: what only these tests need.
tool_packages()
{
	echo lintian unzip
}

// Beast, compiled once for all layers.
#include <boost/beast/src.hpp>

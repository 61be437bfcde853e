// Words for values.
#include "ui/jobs/values.h"

#include <QObject>

namespace moa {

QString threadsText(int threads) {
    return threads == 1 ? QObject::tr("1 thread") : QObject::tr("%1 threads").arg(threads);
}

} // namespace moa

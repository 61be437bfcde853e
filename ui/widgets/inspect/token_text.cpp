// Symbols for what cannot be seen.
#include "ui/widgets/inspect/token_text.h"

namespace moa {

QString tokenSymbols(const QString& text) {
    if (text.isEmpty()) return QString(QChar(0x2205));
    QString shown;
    for (const QChar c : text) {
        const ushort u = c.unicode();
        if (u == ' ')
            shown += QChar(0x00B7);
        else if (u == '\n')
            shown += QChar(0x23CE);
        else if (u == '\t')
            shown += QChar(0x21E5);
        else if (u < 0x20)
            shown += QChar(0x2400 + u);
        else if (u == 0x7F)
            shown += QChar(0x2421);
        else if (u == 0xA0 || c.category() == QChar::Separator_Space)
            shown += QChar(0x237D);
        else if (c.category() == QChar::Other_Format || c.category() == QChar::Other_Control ||
                 c.category() == QChar::Separator_Line || c.category() == QChar::Separator_Paragraph)
            shown += QStringLiteral("⟨%1⟩").arg(u, 4, 16, QLatin1Char('0')).toUpper();
        else
            shown += c;
    }
    return shown;
}

} // namespace moa

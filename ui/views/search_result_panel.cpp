// A row a length.
#include "ui/views/search_result_panel.h"

#include "ui/viewmodels/search_table_model.h"
#include "ui/widgets/shell/chip.h"
#include "ui/widgets/shell/painting.h"

#include <QGridLayout>
#include <QLabel>
#include <QLocale>
#include <QPushButton>

#include <algorithm>
#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

QString secondsText(double seconds) {
    return seconds < 0.95 ? SearchResultPanel::tr("%1 ms").arg(std::max(std::lround(seconds * 1000), 1L))
                          : SearchResultPanel::tr("%1 s").arg(QLocale().toString(seconds, 'f', 1));
}

/// What applying means where a model runs.
QString priceText(const ApplyPrice& price, bool isLoaded) {
    if (!isLoaded || (price.wider == 0 && price.narrower == 0)) return {};
    const auto heads = [](int count) { return count == 1 ? SearchResultPanel::tr("1 head") : SearchResultPanel::tr("%1 heads").arg(count); };
    QStringList parts;
    if (price.narrower > 0) parts << SearchResultPanel::tr("Narrows %1 at once.").arg(heads(price.narrower));
    if (price.wider > 0)
        parts << (price.seconds ? SearchResultPanel::tr("Widens %1, whose keys are gone: a running text is read again.") : SearchResultPanel::tr("Widens %1."))
                     .arg(heads(price.wider));
    return parts.join(u' ');
}

} // namespace

SearchResultPanel::SearchResultPanel(SearchModel& model, QWidget* parent)
    : Panel(tr("Chosen plan"), parent), m_model(model), m_name(new Chip), m_table(new QWidget), m_grid(new QGridLayout(m_table)),
      m_note(new QLabel), m_apply(new QPushButton(tr("Apply"))) {
    addHeaderWidget(m_name);
    addHeaderWidget(m_apply); // in reach at every size
    scrollBody();
    body()->setSpacing(8);
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setHorizontalSpacing(12);
    m_grid->setVerticalSpacing(5);
    for (int column = 0; column < 4; ++column) m_grid->setColumnStretch(column, column == 0 ? 0 : 1);
    m_note->setWordWrap(true);
    m_apply->setProperty("primary", true);
    m_apply->setProperty("small", true);
    m_apply->setToolTip(tr("Makes it the plan in use, as one step that undo takes back"));
    body()->addWidget(m_table);
    body()->addWidget(m_note);
    body()->addStretch(1);
    connect(m_apply, &QPushButton::clicked, this, &SearchResultPanel::applyAsked);
}

void SearchResultPanel::cell(int row, int column, const QString& text, bool isHead, Qt::Alignment align) {
    QLayoutItem* item = m_grid->itemAtPosition(row, column);
    auto* label = item != nullptr ? static_cast<QLabel*>(item->widget()) : new QLabel;
    if (item == nullptr) m_grid->addWidget(label, row, column);
    label->setText(text);
    label->setAlignment(align | Qt::AlignVCenter);
    label->show();
    styleLabel(label, isHead ? TextStyle::Caption : column == 0 ? TextStyle::Key : TextStyle::Table, isHead ? Role::Text3 : Role::Text);
}

void SearchResultPanel::show(const SearchCandidate* candidate) {
    m_name->setVisible(candidate != nullptr);
    setTitle(tr("Chosen plan"));
    m_table->setVisible(candidate != nullptr);
    m_apply->setEnabled(false);
    styleLabel(m_note, TextStyle::Caption, Role::Text2);
    if (candidate == nullptr) {
        m_note->setText(m_model.hasSubject() ? tr("No plan is chosen.") : tr("A search needs a profile."));
        return;
    }
    m_name->setText(candidate->name);
    m_name->setTone(candidate->kind == SearchCandidate::Kind::Document ? ChipTone::Sparse : ChipTone::Accent);
    const QString heads[] = {tr("Length"), tr("Density"), tr("Bound"), tr("Est. loss")};
    for (int column = 0; column < 4; ++column) cell(0, column, heads[column], true, column == 0 ? Qt::AlignLeft : Qt::AlignRight);
    int row = 1;
    const SearchBounds& bounds = m_model.bounds();
    for (const auto& [length, density] : candidate->price.density) {
        const auto own = bounds.densityAt.find(length);
        const auto loss = candidate->price.loss.find(length);
        cell(row, 0, search_text::shortLength(length), false, Qt::AlignLeft);
        cell(row, 1, search_text::density(density), false, Qt::AlignRight);
        cell(row, 2, QLocale().toString(own == bounds.densityAt.end() ? bounds.density : own->second, 'f', 3), false, Qt::AlignRight);
        cell(row, 3, loss == candidate->price.loss.end() ? u"–"_s : search_text::loss(loss->second), false, Qt::AlignRight);
        ++row;
    }
    for (; row < m_grid->rowCount(); ++row)
        for (int column = 0; column < 4; ++column)
            if (QLayoutItem* item = m_grid->itemAtPosition(row, column)) item->widget()->hide();
    const bool inUse = candidate->kind == SearchCandidate::Kind::Document || m_model.workspace().plan().plan().rules == candidate->plan.rules;
    const QString mismatch = m_model.mismatch();
    const QString broken = m_model.broken(*candidate);
    m_apply->setEnabled(!inUse && mismatch.isEmpty());
    const ApplyPrice price = m_model.applyPrice(*candidate);
    const bool isPriced = m_apply->isEnabled() && price.seconds;
    m_apply->setText(isPriced ? tr("Apply, re-prefill %1").arg(secondsText(*price.seconds)) : tr("Apply"));
    // The long button takes the chip's place: the name becomes the title then.
    m_name->setVisible(!isPriced);
    constexpr int kTitle = 90; // px
    setTitle(isPriced ? QFontMetrics(Theme::instance().font(TextStyle::PanelTitle)).elidedText(candidate->name, Qt::ElideMiddle, kTitle) : tr("Chosen plan"));
    QStringList notes;
    if (!mismatch.isEmpty()) notes << mismatch;
    if (mismatch.isEmpty() && inUse) notes << tr("This is the plan in use.");
    if (mismatch.isEmpty() && !inUse) notes << priceText(price, m_model.workspace().isLoaded());
    if (!broken.isEmpty()) notes << broken + u'.';
    notes << tr("Losses are estimated, in nats per token.");
    notes.removeAll(QString());
    m_note->setText(notes.join(u' '));
}

} // namespace moa

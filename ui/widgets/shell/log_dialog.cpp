// The log's lines and its dialog.
#include "ui/widgets/shell/log_dialog.h"

#include "ui/widgets/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QListView>
#include <QPushButton>
#include <QShortcut>
#include <QStringList>
#include <QVBoxLayout>

#include <algorithm>

namespace moa {

void LogModel::append(const QString& text, LogLevel level) {
    if (int(m_lines.size()) >= kMostLines) {
        beginRemoveRows({}, 0, 0);
        m_lines.pop_front();
        endRemoveRows();
    }
    const int row = int(m_lines.size());
    beginInsertRows({}, row, row);
    m_lines.push_back({QDateTime::currentDateTime(), level, text});
    endInsertRows();
}

int LogModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(m_lines.size());
}

QVariant LogModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= int(m_lines.size())) return {};
    const Line& line = m_lines[std::size_t(index.row())];
    switch (role) {
    case Qt::DisplayRole:
        return QStringLiteral("%1  %2").arg(line.at.time().toString(QStringLiteral("HH:mm:ss.zzz")),
                                            line.text);
    case Qt::ForegroundRole:
        return Theme::instance().color(line.level == LogLevel::Error     ? Role::Error
                                       : line.level == LogLevel::Warning ? Role::Warn
                                                                         : Role::Text);
    default:
        return {};
    }
}

LogDialog::LogDialog(LogModel* model, QWidget* parent) : QDialog(parent), m_model(model) {
    setWindowTitle(tr("Log"));
    resize(820, 460);
    m_list = new QListView;
    m_list->setModel(model);
    m_list->setUniformItemSizes(true);
    m_list->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_list->setAccessibleName(tr("Log lines"));
    m_list->setFont(Theme::instance().font(TextStyle::Mono));
    connect(&Theme::instance(), &Theme::changed, m_list,
            [this] { m_list->setFont(Theme::instance().font(TextStyle::Mono)); });
    auto* copyButton = new QPushButton(tr("Copy"));
    copyButton->setIcon(Theme::instance().icon(QStringLiteral("copy")));
    copyButton->setToolTip(tr("Copies the selected lines, or all of them"));
    connect(copyButton, &QPushButton::clicked, this, &LogDialog::copy);
    auto* closeButton = new QPushButton(tr("Close"));
    connect(closeButton, &QPushButton::clicked, this, &QDialog::close);
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(copyButton);
    buttons->addStretch(1);
    buttons->addWidget(closeButton);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 12, 12, 12);
    column->setSpacing(12);
    column->addWidget(m_list, 1);
    column->addLayout(buttons);
    auto* copyKey = new QShortcut(QKeySequence::Copy, m_list, nullptr, nullptr, Qt::WidgetShortcut);
    connect(copyKey, &QShortcut::activated, this, &LogDialog::copy);
    connect(model, &QAbstractItemModel::rowsInserted, m_list, &QListView::scrollToBottom);
    m_list->scrollToBottom();
}

void LogDialog::copy() const {
    QModelIndexList chosen = m_list->selectionModel()->selectedIndexes();
    if (chosen.isEmpty())
        for (int row = 0; row < m_model->rowCount(); ++row) chosen.push_back(m_model->index(row));
    std::sort(chosen.begin(), chosen.end());
    QStringList lines;
    for (const QModelIndex& index : chosen) lines.push_back(index.data().toString());
    QApplication::clipboard()->setText(lines.join(QLatin1Char('\n')));
}

} // namespace moa
